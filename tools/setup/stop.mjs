/** A reason to stop that the user can do something about: shown as one line, without a stack. */
export class Stop extends Error {}

/**
 * Runs the main function of a command: its result is the exit code, a Stop is one line.
 * @param {() => Promise<number>} main
 * @returns {Promise<void>}
 */
export async function runMain(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.error(`konverge: ${error.message}`);
    process.exitCode = 1;
  }
}
