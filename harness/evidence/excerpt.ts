const keptCharacters = 4096;

/** What the journal keeps of a command and its output: the beginning and the end of what is longer than 4 KiB. */
export const excerpt = (text: string): string =>
  text.length <= keptCharacters
    ? text
    : `${text.slice(0, keptCharacters / 2)}\n… ${text.length - keptCharacters} characters …\n${text.slice(-keptCharacters / 2)}`;
