import type { StagedBenchmark } from '../domain/staging.ts';
import type { Usage } from '../domain/step.ts';
import { type PythonNumber, pythonFloat, pythonJson, pythonRepr, pythonTwoDecimals } from './python-text.ts';

/** Sizes of the inputs in MB (2^20 bytes) by their paths: the column `input_size_mb`. */
export type InputSizes = Readonly<Record<string, number>>;

const basicColumns = [
  's',
  'h:m:s',
  'max_rss',
  'max_vms',
  'max_uss',
  'max_pss',
  'io_in',
  'io_out',
  'mean_load',
  'cpu_time',
] as const;
const extendedColumns = [
  'jobid',
  'rule_name',
  'wildcards',
  'params',
  'threads',
  'cpu_usage',
  'resources',
  'input_size_mb',
] as const;

/** A cell: Python's float (printed with two decimals), or whatever else as Python's str() prints it. */
type Cell = PythonNumber | string | number | null | object;

/**
 * A benchmark file as Snakemake writes it (snakemake/benchmark.py, BenchmarkRecord), one row for each run of the command:
 * `-` (`null` in JSON) for a figure that nobody measured, `NA` for all but the time where nothing was measured.
 */
export function benchmarkText(
  benchmark: Pick<StagedBenchmark, 'format' | 'extended'>,
  usage: readonly Usage[],
  inputSizes: InputSizes,
): string {
  const columns = benchmark.extended ? [...basicColumns, ...extendedColumns] : basicColumns;
  const rows = usage.map((figures) => cellsOf(benchmark.extended, figures, inputSizes));
  const lines =
    benchmark.format === 'jsonl'
      ? rows.map((cells) => pythonJson(Object.fromEntries(columns.map((column, n) => [column, cells[n] ?? null]))))
      : [columns.join('\t'), ...rows.map((cells) => cells.map(tsvCell).join('\t'))];
  return lines.map((line) => `${line}\n`).join('');
}

function cellsOf(extended: StagedBenchmark['extended'], usage: Usage, inputSizes: InputSizes): readonly Cell[] {
  const seconds = Math.max(usage.wallMs, 1) / 1000;
  const measured = usage.cpuMs !== undefined || usage.maxRssBytes !== undefined;
  // Snakemake begins with the integer 0 and makes it a float with the first sample.
  const cpuTime: Cell = usage.cpuMs === undefined ? 0 : pythonFloat(usage.cpuMs / 1000);
  const cpuUsage: Cell = usage.cpuMs === undefined ? 0 : pythonFloat((usage.cpuMs / 1000) * 100);
  const meanLoad = pythonFloat((((usage.cpuMs ?? 0) / 1000) * 100) / seconds);
  const sizes = [
    usage.maxRssBytes,
    usage.maxVmsBytes,
    usage.maxUssBytes,
    usage.maxPssBytes,
    usage.ioReadBytes,
    usage.ioWriteBytes,
  ].map(mebibytes);
  return [
    pythonFloat(Number(seconds.toFixed(4))),
    clockText(seconds),
    ...[...sizes, meanLoad, cpuTime].map((cell) => (measured ? cell : 'NA')),
    ...(extended === undefined
      ? []
      : [
          // Snakemake's own is an integer.
          /^\d+$/.test(extended.jobid) ? Number(extended.jobid) : extended.jobid,
          extended.ruleName,
          extended.wildcards,
          extended.params,
          extended.threads,
          measured ? cpuUsage : 'NA',
          extended.resources,
          Object.fromEntries(Object.entries(inputSizes).map(([path, size]) => [path, pythonFloat(size)])),
        ]),
  ];
}

function mebibytes(bytes: number | undefined): Cell {
  return bytes === undefined ? null : pythonFloat(bytes / 1024 / 1024);
}

/** `0:01:05`, and `2 days, 0:01:05` from a day on. */
function clockText(seconds: number): string {
  const whole = Math.floor(seconds);
  const days = Math.floor(whole / 86_400);
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = `${Math.floor((whole % 86_400) / 3600)}:${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`;
  return days === 0 ? clock : `${days} day${days === 1 ? '' : 's'}, ${clock}`;
}

function tsvCell(cell: Cell): string {
  if (cell === null) return '-';
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'object' && 'float' in cell) return pythonTwoDecimals(cell);
  return pythonRepr(cell);
}
