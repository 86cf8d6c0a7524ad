"""The tables as Python, written from `*.toml` by `python -m aiblint.checks.tables`: change those, not this."""

# fmt: off
# mypy: disable-error-code="type-arg"
TABLES: dict[str, tuple[dict, ...]] = \
{'interactive-install': ({'asks': 'somebody to confirm',
                          'help': 'add `-y`',
                          'names': ('apt-get', 'apt'),
                          'note': 'nobody answers during a build: it prints `Do you want to continue? [Y/n]` and '
                                  'aborts, or waits until the build times out',
                          'silent': ('-y',
                                     '--yes',
                                     '--assume-yes',
                                     '-qq',
                                     '--force-yes',
                                     'APT::Get::Assume-Yes=true',
                                     '-oAPT::Get::Assume-Yes=true'),
                          'valued': ('-o', '-c', '-t', '-a'),
                          'verbs': ('install',
                                    'reinstall',
                                    'remove',
                                    'purge',
                                    'autoremove',
                                    'upgrade',
                                    'dist-upgrade',
                                    'full-upgrade',
                                    'build-dep',
                                    'dselect-upgrade',
                                    'satisfy'),
                          'without': ('-s',
                                      '--simulate',
                                      '--just-print',
                                      '--dry-run',
                                      '--recon',
                                      '--no-act',
                                      '--print-uris',
                                      '-d',
                                      '--download-only')},)}
