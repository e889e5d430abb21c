/** Every route of the API behind its guards, and what each is answered by: a part of the server adds one line to both. */
import type { AskExcuses, DecideRun } from '../decisions/index.ts'
import type { Outbox } from '../events/outbox/index.ts'
import type { Metrics } from '../metrics/index.ts'
import type { GovernanceSource } from '../ports/governance.ts'
import type { Runs } from '../ports/runs.ts'
import type { Receivers } from '../receive/index.ts'
import type { UseCases } from '../use/types.ts'
import { addActs } from './acts.ts'
import { addAuthzen } from './authzen.ts'
import { addDecisions } from './decisions.ts'
import { addDrills } from './drills.ts'
import { addEvents, type EventOptions } from './events.ts'
import { addGitHubApp, type GitHubAppServing } from './github-app.ts'
import { addHealth, type Readiness } from './health.ts'
import { addLog, type LogRoutesOptions } from './log.ts'
import { addMetrics } from './metrics.ts'
import { addOpa, type OpaServing } from './opa.ts'
import { openApiDocument } from './openapi.ts'
import { addOverview } from './overview.ts'
import type { App } from './parts.ts'
import { addPeople, type People } from './people/index.ts'
import { addReads, type ReadOptions } from './reads.ts'
import { addReceivers } from './receivers.ts'
import { addRuns } from './runs.ts'
import { addSinks } from './sinks.ts'

export interface Services {
  readonly useCases: UseCases
  readonly people: People
  readonly governance: Pick<GovernanceSource, 'current'>
  readonly decide: DecideRun
  readonly ask: AskExcuses
  readonly opa: OpaServing
  readonly runs: Runs
  readonly receivers: Receivers
  readonly log: LogRoutesOptions
  readonly events: EventOptions
  readonly outbox: Pick<Outbox, 'sink' | 'statuses'>
  /** Undefined: the server is none. */
  readonly gitHubApp: GitHubAppServing | undefined
  readonly metrics: Metrics
  readonly health: ReadOptions['health']
  readonly readiness: () => Promise<Readiness>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export function addRoutes(app: App, services: Services): void {
  const { useCases, people, now } = services
  addHealth(app, services.readiness)
  addMetrics(app, services.metrics)
  addLog(app, services.log)
  addReads(app, useCases, people, services)
  addOverview(app, useCases)
  addActs(app, useCases, people)
  addDrills(app, useCases, people)
  addEvents(app, services.events, people)
  addDecisions(app, services.decide)
  addAuthzen(app, services.ask, people)
  addOpa(app, services.opa, now)
  addRuns(app, services.runs, services.governance)
  addReceivers(app, services.receivers, useCases)
  addSinks(app, { outbox: services.outbox, size: async () => (await services.log.log.head()).size })
  addGitHubApp(app, services.gitHubApp)
  addPeople(app, people, useCases)
  addDescription(app)
}

function addDescription(app: App): void {
  const description = JSON.stringify(openApiDocument())
  app.get('/openapi.json', () => new Response(description, { headers: { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' } }))
}
