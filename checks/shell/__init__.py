"""Scripts of the shell, on Linux."""

from aiblint.finding import Check

from . import (
    dash,
    hidden,
    home,
    package_lists,
    packages,
    prompts,
    ssh_access,
    sudo,
)

CHECKS: tuple[Check, ...] = (
    # AIB4xx: scripts of the shell, and what goes for scripts of both kinds
    packages.interactive_install,
    prompts.interactive_command,
    packages.debconf_prompt,
    package_lists.package_lock_race,
    sudo.missing_sudo,
    dash.bashism_in_dash,
    hidden.hidden_failure,
    ssh_access.ssh_access_changed,
    package_lists.stale_package_lists,
    hidden.expected_failure_ends_step,
    home.home_of_build_user,
)
