/** How the pod that leads an MPI step reaches another one. */
export interface OtherPod {
  /** A shell command: a tar of the paths on its standard input, which are in the pod "$2". */
  readonly fetch: string;
  /** A shell command: makes the tar of what `fetch` prints; absent: it is one. */
  readonly decode?: string;
  /** "$2" in a sentence: "host $2". */
  readonly name: string;
  /** The pod that leads: "the first pod". */
  readonly leader: string;
  /** A shell command before a refusal. */
  readonly leave?: string;
}

/**
 * In hooks, after refuseFunction. `bring STORY POD` brings what only that pod has. Its story is a file with a line `file PATH` or
 * `directory PATH` for each output that is there; other lines are not for us. A directory may be in several pods, each with files
 * of its own; of a file that is in several the leader's counts.
 */
export function bringFunction({ fetch, decode, name, leader, leave = ':' }: OtherPod): string {
  return `give_up() { ${leave}; refuse "$@"; }
bring() {
  : >"$1.wanted"
  while IFS= read -r line; do
    path=\${line#* }
    case $line in
      file\\ *)
        [ ! -e "$path" ] || { echo "konverge: output $path is in ${name} too; that of ${leader} counts" >&2; continue; } ;;
      directory\\ *) ;;
      *) continue ;;
    esac
    printf '%s\\n' "$path" >>"$1.wanted"
  done <"$1"
  [ -s "$1.wanted" ] || return 0
  command -v tar >/dev/null 2>&1 ||
    give_up image-unfit "the image has no tar, by which outputs of other pods are brought: $(cat "$1.wanted")"
  keep=-k
  if tar --version 2>/dev/null | grep -q GNU; then keep=--skip-old-files; fi
  {
    ${fetch} <"$1.wanted" 2>"$1.words" || echo failed >"$1.failed"
  } | ${decode === undefined ? '' : `${decode} 2>>"$1.words" | `}tar -x -f - "$keep" 2>>"$1.words" && [ ! -e "$1.failed" ] ||
    give_up output-missing "outputs of ${name} could not be brought: $(tail -n 1 "$1.words")"
}`;
}
