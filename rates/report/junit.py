"""JUnit XML: one suite a claim, one case a comparison and one a control, for CI systems that show tests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from rates.report.views import ClaimView, Report, case_text
from rates.report.wording import interval, number
from rates.result import Outcome

_SKIPPED = (Outcome.PRE_ASYMPTOTIC, Outcome.UNDECIDABLE)
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(report: Report) -> str:
    """Return the report as JUnit XML text."""
    root = ET.Element("testsuites", name="rates", time=f"{float(report.document['seconds']):.3f}")
    totals = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for claim in report.claims:
        suite = _suite(claim)
        root.append(suite)
        for name in totals:
            totals[name] += int(suite.attrib[name])
    root.attrib.update({name: str(count) for name, count in totals.items()})
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(claim: ClaimView) -> ET.Element:
    suite = ET.Element("testsuite", name=_clean(claim.address), time=f"{claim.seconds:.3f}")
    for row in claim.results:
        suite.append(_result(claim, row))
    for row, control in claim.controls:
        suite.append(_control(claim, row, control))
    counted = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    suite.attrib["tests"] = str(len(suite))
    suite.attrib.update({name: str(len(suite.findall(f"testcase/{tag}"))) for name, tag in counted.items()})
    return suite


def _result(claim: ClaimView, row: Mapping[str, Any]) -> ET.Element:
    name = f"{case_text(row) or 'all'} | {row['comparison']} {row['quantity']}"
    case = _case(claim, name, float(row["seconds"]))
    outcome, reason = Outcome(row["outcome"]), _clean(str(row["reason"]))
    if outcome is Outcome.CONSISTENT:
        return case
    if outcome in _SKIPPED:
        ET.SubElement(case, "skipped", message=f"{outcome}: {reason}")
        return case
    tag = "error" if outcome is Outcome.ERROR else "failure"
    detail = ET.SubElement(case, tag, type=str(outcome), message=reason)
    margin = row["margin"]
    detail.text = _clean(
        f"predicted {number(row['predicted'], margin)}, estimate {number(row['estimate'], margin)},"
        f" interval {interval(row['interval'], margin)}, margin {margin:g}\n{row['reproduce']}"
    )
    return case


def _control(claim: ClaimView, row: Mapping[str, Any], control: Mapping[str, Any]) -> ET.Element:
    name = f"{case_text(row) or 'all'} | control: {control['name']}"
    case = _case(claim, name, float(control["seconds"]))
    if not control["as_expected"]:
        tag = "error" if control["outcome"] == Outcome.ERROR else "failure"
        message = _clean(f"expected {control['expected']}, came out {control['outcome']}: {control['reason']}")
        ET.SubElement(case, tag, type="control", message=message)
    return case


def _case(claim: ClaimView, name: str, seconds: float) -> ET.Element:
    return ET.Element("testcase", classname=_clean(claim.address), name=_clean(name), time=f"{seconds:.3f}")


def _clean(text: str) -> str:
    """Drop characters that XML 1.0 cannot hold."""
    return _ILLEGAL.sub("�", text)
