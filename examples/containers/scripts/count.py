"""How often each side of a die came up."""

import json
from collections import Counter
from pathlib import Path

rolls = Path(snakemake.input[0]).read_text().split()  # noqa: F821
Path(snakemake.output[0]).write_text(json.dumps(dict(sorted(Counter(rolls).items()))) + "\n")  # noqa: F821
