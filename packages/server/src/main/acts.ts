/** The use cases, what decides, and the keys that both sign with, put together. */
import type { SignerKey } from '@exeat/log'
import { incidentsOf } from '../alarm/incidents.ts'
import { deliveriesIn } from '../alarm/progress.ts'
import { bundleMaker } from '../bundle/index.ts'
import { type AskExcuses, type DecideRun, decisionMaker, excuseAsker, rememberingVerifier } from '../decisions/index.ts'
import { randomOf } from '../genesis/entry.ts'
import type { OpaServing } from '../http/opa.ts'
import { directory } from '../identity/directory.ts'
import { readRandomKey } from '../keys/random.ts'
import { opaBundler, openOpaKey } from '../opa/index.ts'
import { enterHealth, type Health } from '../use/health.ts'
import { createUseCases } from '../use/index.ts'
import type { UseCases } from '../use/types.ts'
import { composeConnect } from './alarms.ts'
import { composeHands } from './forge.ts'
import type { Foundation } from './foundation.ts'
import { incidentsSecretIn, readLogKey, readWorkingKeys } from './keys.ts'

/** Milliseconds that what governs may be old where a single finding is asked about: to read it asks git, and somebody's request waits. */
const askedWithin = 1000

export interface Acts {
  readonly useCases: UseCases
  readonly decide: DecideRun
  readonly ask: AskExcuses
  readonly opa: OpaServing
  /** That the founders delegated to. */
  readonly webhook: SignerKey
  readonly enterHealth: (state: Health, code: string, message: string) => Promise<void>
}

/** @throws {ExeatError} KEY_UNREADABLE, KEY_OPEN, KEY_OTHER */
export function composeActs(foundation: Foundation): Acts {
  const { config, paths, log, governance, delegations, rows, now } = foundation
  const { origin } = config
  const logKey = readLogKey(paths, origin)
  const { bundle, webhook } = readWorkingKeys(paths, logKey, delegations.current)
  const pseudonymKey = readRandomKey(paths.pseudonym)
  const writer = { random: randomOf, pseudonymKey, origin }
  const bundleKey = (): SignerKey => bundle
  const opaKey = openOpaKey(paths.opa)
  const hands = composeHands(foundation)
  const useCases = createUseCases({
    ...writer, log, governance, ...(hands === undefined ? {} : { hands }), directory: directory(rows, now), deliveries: deliveriesIn(rows, now), incidents: incidentsOf({ connect: composeConnect(config), secret: incidentsSecretIn(paths), now }), now,
    bundles: bundleMaker({ log, writer, logKey, bundleKey, now }),
    later: (run, after) => { setTimeout(run, after).unref() },
  })
  const view = { useCases, now, verify: rememberingVerifier() }
  return {
    useCases, decide: decisionMaker({ ...view, useCases, bundleKey }), ask: excuseAsker({ ...view, within: askedWithin }), opa: { make: opaBundler({ ...view, key: opaKey }), publicPem: opaKey.publicPem }, webhook,
    enterHealth: (state, code, message) => enterHealth({ log, ...writer, now }, state, code, message),
  }
}
