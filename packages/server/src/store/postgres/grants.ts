/** Append-only by privilege: the role that owns the tables is not the one that the log runs as. */
import { ok, refuse, type Answer, type Verdict } from '../../codes.ts'
import { isLabel } from '../labels.ts'
import type { Query } from './query.ts'

const insertOnly = ['identity', 'entry', 'tile_hash', 'checkpoint'] as const
const changing = ['head', 'record'] as const

/** What the owner runs once after each migration, so that `role` may append and read and nothing else. */
export function postgresGrants(role: string): Answer<string> {
  if (!isLabel(role)) return refuse('STORE_ROLE', 'a role\'s name is 1 to 200 printable characters')
  const name = `"${role.replaceAll('"', '""')}"`
  const all = ['migration', ...insertOnly, ...changing].join(', ')
  return ok([
    `REVOKE ALL ON ${all} FROM PUBLIC, ${name};`,
    `GRANT SELECT ON ${all} TO ${name};`,
    `GRANT INSERT ON ${[...insertOnly, ...changing].join(', ')} TO ${name};`,
    `GRANT UPDATE ON ${changing.join(', ')} TO ${name};`,
    '',
  ].join('\n'))
}

/** Refuses a role that could change or delete what stands, such as the owner or a superuser. */
export async function checkRole(query: Query): Promise<Verdict> {
  const tooMuch = [
    ...insertOnly.flatMap((table) => ['UPDATE', 'DELETE', 'TRUNCATE'].map((right) => ({ table, right }))),
    ...changing.flatMap((table) => ['DELETE', 'TRUNCATE'].map((right) => ({ table, right }))),
  ]
  const rows = await query(
    'SELECT current_user::text AS role, t AS "table", r AS "right" FROM unnest($1::text[], $2::text[]) AS held (t, r) WHERE has_table_privilege(t, r) LIMIT 1',
    [tooMuch.map(({ table }) => table), tooMuch.map(({ right }) => right)],
  )
  const [row] = rows
  if (row === undefined) return { ok: true }
  const hint = 'run the log as another role than the owner, with the grants that the migration prints'
  return refuse('STORE_ROLE', `the role \`${String(row['role'])}\` has ${String(row['right'])} on ${String(row['table'])}`, hint)
}
