/** In hooks (domain/pod-wrapper.ts): why the step fails, to the wrapper, as one line. */
export const refuseFunction = `refuse() {
  echo "konverge: $2" >&2
  printf 'refused %s %s\\n' "$1" "$(printf %s "$2" | tr '\\n' ' ')" >&9
  exit 1
}`;
