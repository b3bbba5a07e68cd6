#!/usr/bin/env bash
# Checks the content of the results. Usage: check.sh [DIRECTORY WITH results/]
#
# Reads the calls with its own eyes: it does not rely on the workflow's comparison.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
exec python3 - "$here" "${1:-.}" <<'PYTHON'
import pathlib
import sys

here, work = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
SAMPLES = ["anna", "ben", "carla"]


def fail(why):
    sys.exit(f"variants: FAILED: {why}")


def lines(name):
    path = work / "results" / name
    if not path.is_file():
        fail(f"{path} is missing: has the workflow run here?")
    return path.read_text().splitlines()


# What was planted is the same everywhere.
expected = (here / "expected-truth.tsv").read_text().splitlines()
if lines("truth.tsv") != expected:
    fail("results/truth.tsv is not the expected one: the simulation differs")
header, *rows = [line.split("\t") for line in expected]
planted = {tuple(row[:4]): row[4:] for row in rows}

# What was called: position, bases and each sample's genotype.
samples, called = [], {}
for line in lines("calls.vcf"):
    if line.startswith("##"):
        continue
    fields = line.split("\t")
    if line.startswith("#CHROM"):
        samples = fields[9:]
        continue
    chrom, pos, _, ref, alt = fields[:5]
    called[chrom, pos, ref, alt] = [call.split(":")[0] for call in fields[9:]]
if samples != SAMPLES:
    fail(f"results/calls.vcf has the samples {samples}, expected {SAMPLES}")

missed, invented = planted.keys() - called.keys(), called.keys() - planted.keys()
if missed:
    fail(f"{len(missed)} of {len(planted)} planted SNPs were not found: {sorted(missed)}")
if invented:
    fail(f"{len(invented)} calls were never planted: {sorted(invented)}")
for site, genotypes in planted.items():
    if called[site] != genotypes:
        fail(f"genotypes at {':'.join(site)} are {called[site]}, planted {genotypes}")

# The workflow's own comparison says the same.
if lines("report.txt") != [
    f"Planted SNPs: {len(planted)} in 3 samples (anna ben carla)",
    f"  found, all genotypes right: {len(planted)}",
    "  found, a genotype wrong:    0",
    "  missed:                     0",
    "Called, but never planted:    0",
]:
    fail("results/report.txt does not say that all was found")
verdicts = [line.split("\t")[0] for line in lines("comparison.tsv")[1:]]
if verdicts != ["found"] * len(planted):
    fail("results/comparison.tsv has a verdict other than found")

for sample in SAMPLES:
    for mate in 1, 2:
        if len(lines(f"reads/{sample}_{mate}.fq")) != 4 * 8000:
            fail(f"results/reads/{sample}_{mate}.fq does not hold 8000 reads")
    for name in f"sorted/{sample}.bam", f"sorted/{sample}.bam.bai":
        path = work / "results" / name
        if not path.is_file() or path.stat().st_size == 0:
            fail(f"{path} is missing or empty")
    if (work / f"results/mapped/{sample}.bam").exists():
        fail(f"results/mapped/{sample}.bam is temp() and should have been removed")
    benchmark = lines(f"benchmarks/map_reads/{sample}.tsv")
    if len(benchmark) != 2 or not benchmark[0].startswith("s\t"):
        fail(f"results/benchmarks/map_reads/{sample}.tsv is not a header and one row")
    log = "\n".join(lines(f"logs/map_reads/{sample}.log"))
    if "bwa mem -t" not in log or f"SM:{sample}" not in log:
        fail(f"results/logs/map_reads/{sample}.log is not bwa's log of {sample}")

print(f"variants: all results are as expected ({len(planted)} planted SNPs found in 3 samples)")
PYTHON
