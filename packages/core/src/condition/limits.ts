/**
 * What keeps a condition cheap. CEL libraries here have no budget at run time, so the worst case is bounded before: by the size
 * of the expression, by the length of what it reads, and by `steps`, of which one takes some 100 to 200 ns.
 */

/** UTF-16 units of an expression. */
export const longestExpression = 2_048
/** Entries of any list that a condition reads; a longer one is an error. */
export const longestList = 128
/** UTF-16 units of any text that a condition reads; a longer one is an error. */
export const longestText = 8_192
/** UTF-16 units of a text given to `glob`; a longer one is an error. */
export const longestGlobText = 512
/** Worst case of one evaluation. */
export const mostSteps = 20_000

/**
 * Steps of what takes longer than one, measured at the lengths above. `failing`: what may be missing or overflow, since an error
 * inside a list is made for every entry.
 */
export const weights = { compare: 8, inList: 8, failing: 24, method: 16, call: 64, textSize: 512 } as const

/** Limits of the parser. */
export const parserLimits = { maxAstNodes: 256, maxDepth: 32, maxListElements: 64, maxMapEntries: 64, maxCallArguments: 8 } as const
