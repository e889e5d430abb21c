/** Append-only by privilege: the role that owns the tables is not the one that the log runs as. */
import { ok, refuse, type Answer, type Verdict } from '../../codes.ts'
import { isLabel } from '../labels.ts'
import type { Query } from './query.ts'

type Right = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE'

const insertOnly = ['SELECT', 'INSERT'] as const

/** What each table needs; all else is refused. */
const rights: Readonly<Record<string, readonly Right[]>> = {
  migration: ['SELECT'],
  identity: insertOnly,
  entry: insertOnly,
  operation: insertOnly,
  tile_hash: insertOnly,
  checkpoint: insertOnly,
  cosignature: insertOnly,
  head: ['SELECT', 'INSERT', 'UPDATE'],
  record: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  body: ['SELECT', 'INSERT', 'DELETE'],
  identity_row: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  identity_count: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
}

/** What takes away or changes what stands. */
const harmful = ['UPDATE', 'DELETE', 'TRUNCATE'] as const

/** What the owner runs once after each migration, so that `role` may append and read and nothing else. */
export function postgresGrants(role: string): Answer<string> {
  if (!isLabel(role)) return refuse('STORE_ROLE', 'a role\'s name is 1 to 200 printable characters')
  const name = `"${role.replaceAll('"', '""')}"`
  return ok([
    `REVOKE ALL ON ${Object.keys(rights).join(', ')} FROM PUBLIC, ${name};`,
    ...Object.entries(rights).map(([table, granted]) => `GRANT ${granted.join(', ')} ON ${table} TO ${name};`),
    '',
  ].join('\n'))
}

/** Refuses a role that could change or delete what stands, such as the owner or a superuser. */
export async function checkRole(query: Query): Promise<Verdict> {
  const tooMuch = Object.entries(rights).flatMap(([table, granted]) =>
    harmful.filter((right) => !granted.some((each) => each === right)).map((right) => ({ table, right })))
  const rows = await query(
    'SELECT current_user::text AS role, t AS "table", r AS "right" FROM unnest($1::text[], $2::text[]) AS held (t, r) WHERE has_table_privilege(t, r) LIMIT 1',
    [tooMuch.map(({ table }) => table), tooMuch.map(({ right }) => right)],
  )
  const [row] = rows
  if (row === undefined) return { ok: true }
  const hint = 'run the log as another role than the owner, with the grants that the migration prints'
  return refuse('STORE_ROLE', `the role \`${String(row['role'])}\` has ${String(row['right'])} on ${String(row['table'])}`, hint)
}
