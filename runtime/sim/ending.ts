/** How a world ended. What it did until then is for the checker to judge. */
export type Ending =
  /** `text`: why it ended before its time, and was right to. */
  | { readonly verdict: 'ok'; readonly text?: string }
  | { readonly verdict: 'wrong'; readonly text: string }
  /** Healed, and yet it does not come to rest. */
  | { readonly verdict: 'stuck'; readonly text: string }
  /** A worker stopped with a code that no fault excuses. */
  | { readonly verdict: 'refused'; readonly text: string }
  /** An error that nobody has foreseen. */
  | { readonly verdict: 'crashed'; readonly text: string; readonly error: unknown }
