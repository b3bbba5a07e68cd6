/** A number that Python has as a float: `1` is printed as `1.0`. */
export interface PythonNumber {
  readonly float: number;
}

export function pythonFloat(value: number): PythonNumber {
  return { float: value };
}

/** Python's `f"{x:.2f}"` for x >= 0. Python rounds an exact tie to the even digit, toFixed() rounds it up. */
export function pythonTwoDecimals({ float }: PythonNumber): string {
  const eighths = (float * 8) % 8;
  const tieThatPythonRoundsDown = eighths === 1 || eighths === 5;
  return (tieThatPythonRoundsDown ? float - 0.005 : float).toFixed(2);
}

/**
 * Python's repr() of what came as JSON. JSON does not tell 1.0 from 1, so a whole number is always an integer, unless it is
 * a PythonNumber.
 */
export function pythonRepr(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : floatRepr(value);
  if (typeof value === 'string') return stringRepr(value);
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  if (isPythonNumber(value)) return floatRepr(value.float);
  const entries = Object.entries(value).map(([key, item]) => `${stringRepr(key)}: ${pythonRepr(item)}`);
  return `{${entries.join(', ')}}`;
}

/** Python's json.dumps(value, sort_keys=True). */
export function pythonJson(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : floatRepr(value);
  if (typeof value === 'string') return asciiJson(value);
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (isPythonNumber(value)) return floatRepr(value.float);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${asciiJson(key)}: ${pythonJson(item)}`).join(', ')}}`;
}

function isPythonNumber(value: object): value is PythonNumber {
  const { float } = value as { float?: unknown };
  return typeof float === 'number' && Object.keys(value).length === 1;
}

/** Both take the shortest digits that give the number back; they differ in when the exponent appears and how it looks. */
function floatRepr(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function stringRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll(quote, `\\${quote}`)
    .replaceAll(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `${quote}${escaped}${quote}`;
}

function asciiJson(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u0080-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
