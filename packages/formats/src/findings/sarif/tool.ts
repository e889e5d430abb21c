/** Temporary. */
export const canonicalTool = (_name: string): string | undefined => undefined
