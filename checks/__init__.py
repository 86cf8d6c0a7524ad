"""What aiblint knows about image templates: one module per topic, one function per check, all of them listed here.

A new check is a function in the module of its topic and a name in this list. Its docstring is its page.
"""

from aiblint.finding import Check

from . import api_version, file, shape, timeouts

CHECKS: tuple[Check, ...] = (
    # AIB0xx: the file
    file.syntax_error,
    file.undecodable_text,
    file.duplicate_key,
    file.trailing_comma,
    file.unresolved_placeholder,
    file.broken_expression,
    api_version.unknown_api_version,
    api_version.assumed_api_version,
    file.unused_suppression,
    api_version.retired_api_version,
    file.file_limits,
    api_version.api_version_in_body,
    file.unevaluated_expression,
    # AIB1xx: the shape
    shape.unknown_property,
    shape.wrong_case,
    shape.missing_property,
    shape.wrong_type,
    shape.invalid_value,
    shape.read_only_property,
    shape.template_name,
    # AIB2xx: the meaning
    timeouts.build_timeout_range,
)
