"""Reports of a run: JSON, HTML pages, Markdown, JUnit XML and the terminal summary, all from one document."""

from rates.report.folder import read, rebuild, write
from rates.report.junit import junit_xml
from rates.report.markdown import report_markdown
from rates.report.records import ReportError, from_json, schema, to_json, validate
from rates.report.summary import print_summary
from rates.report.views import ClaimView, Report

__all__ = [
    "ClaimView", "Report", "ReportError", "from_json", "junit_xml", "print_summary", "read", "rebuild",
    "report_markdown", "schema", "to_json", "validate", "write",
]  # fmt: skip
