/** What admission webhooks say when they deny a request. */
import { gatekeeperDenial } from './gatekeeper.ts'
import { kyvernoDenial } from './kyverno.ts'
import { opaDenial } from './opa.ts'
import type { DenialReader } from './types.ts'

export type { Denial, DenialAnswer, DeniedObject, DenialReason } from './types.ts'

export const upstreamKinds = ['kyverno', 'gatekeeper', 'opa'] as const
/** Canonical name of the tool too. */
export type UpstreamKind = (typeof upstreamKinds)[number]

export const denialReaders: { readonly [K in UpstreamKind]: DenialReader } = { kyverno: kyvernoDenial, gatekeeper: gatekeeperDenial, opa: opaDenial }
