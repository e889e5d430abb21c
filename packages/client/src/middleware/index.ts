/** Enforcement points in APIs. A framework's own middleware is under its own name: `@exeat/client/hono`, `/express`, `/fastify`. */
export { excuseOf, type Allowed, type Deny } from './excuse.ts'
export { excusePoint } from './point.ts'
export { problemType } from './problem.ts'
export type { BlockedProblem, Denial, Point, PointOptions, UseState, Verdict } from './types.ts'
