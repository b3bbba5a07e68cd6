"""Script files are whole, only the user's, and gone when their step is."""

from snakemake_executor_plugin_kueue.script_files import remove_scripts, write_scripts


def test_written_and_removed(tmp_path):
    path = tmp_path / "scripts" / "0123.a b.py"
    write_scripts({path: b"one"})
    write_scripts({path: b"one"})
    assert path.read_bytes() == b"one"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
    remove_scripts([path])
    remove_scripts([path])
    assert list(path.parent.iterdir()) == []
