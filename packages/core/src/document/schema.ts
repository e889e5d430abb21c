/**
 * The documents of design §3, each defined once: decoder, TypeScript type and JSON Schema come from here.
 * No defaults here: the digest covers the document as decoded before defaults; `policy/` and `decide/` apply them.
 */
import { optOutTestSchema } from './opt-out-test.ts'
import type { OptOutTest } from './opt-out-test.ts'
import { optOutSchema } from './opt-out.ts'
import type { OptOut } from './opt-out.ts'
import { optOutPolicySchema } from './policy.ts'
import type { OptOutPolicy } from './policy.ts'
import { aliasesSchema, workspaceSchema } from './workspace.ts'
import type { Aliases, Workspace } from './workspace.ts'

export type { OptOutTest } from './opt-out-test.ts'
export type { OptOut } from './opt-out.ts'
export type { ForbidSpec, OptOutPolicy, PermitSpec } from './policy.ts'
export type { Aliases, Workspace } from './workspace.ts'

export interface DocumentTypes {
  readonly Aliases: Aliases
  readonly OptOut: OptOut
  readonly OptOutPolicy: OptOutPolicy
  readonly OptOutTest: OptOutTest
  readonly Workspace: Workspace
}
export type DocumentKind = keyof DocumentTypes
export type ExeatDocument = DocumentTypes[DocumentKind]

export const documentSchemas = {
  Aliases: aliasesSchema,
  OptOut: optOutSchema,
  OptOutPolicy: optOutPolicySchema,
  OptOutTest: optOutTestSchema,
  Workspace: workspaceSchema,
} as const

export { aliasesSchema, optOutPolicySchema, optOutSchema, optOutTestSchema, workspaceSchema }
