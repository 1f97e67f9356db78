/** What a tool does with its command line before it works: it reads it, or says how it is used. */

const EXIT_USAGE = 2;

/**
 * Reads the words of a command line. Where they ask for help, it is printed; where they are wrong, one line says what is wrong
 * with them, and the process will exit with 2.
 *
 * @param read gives undefined where help is wanted. @throws TypeError where a word is wrong.
 * @returns undefined where there is nothing to do.
 */
export function optionsOrHelp<Options>(help: string, read: () => Options | undefined): Options | undefined {
  try {
    const options = read();
    if (options === undefined) console.log(help);
    return options;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`${error.message} (--help tells how it is used)`);
    process.exitCode = EXIT_USAGE;
    return undefined;
  }
}
