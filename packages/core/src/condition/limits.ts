/**
 * What keeps a condition cheap. CEL libraries here have no budget at run time, so the worst case is bounded before: by the size
 * of the expression, by the length of what it reads, and by `steps`, of which one takes some 100 to 200 ns.
 */

/** UTF-16 units of an expression. */
export const longestExpression = 2_048
/** Entries of any list that a condition reads; a longer one is an error. */
export const longestList = 256
/** UTF-16 units of a text given to `glob`; a longer one is an error. */
export const longestGlobText = 1_024
/** Worst case of one evaluation. */
export const mostSteps = 20_000

/** Limits of the parser. */
export const parserLimits = { maxAstNodes: 256, maxDepth: 32, maxListElements: 64, maxMapEntries: 64, maxCallArguments: 8 } as const
