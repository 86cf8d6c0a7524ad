"""Shell and PowerShell: the scripts of a build, read as the commands that they run.

| module | what it does |
|---|---|
| `command` | the values that checks see: `Command`, `Word`, `Assignment` |
| `build` | `Build` and `Script`: what a template runs, in order, and where each character of it is written |
| `shell`, `powershell`, `batch` | the text of a script to its commands, one module for each language |
| `grammar` | the tree-sitter grammars, loaded when a script is there |
| `reading` | what the three languages share: the sink for what they find, and the place of nested scripts |
"""
