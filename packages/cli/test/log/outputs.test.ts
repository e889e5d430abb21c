/** JSON of the log's commands is what its committed schema says. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import Ajv2020 from 'ajv/dist/2020.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exeat } from './command.ts'
import { checkpointOf, filesHandler, filesOf, removeFolder, serve, temporaryFolder, testKey, testLog, type TestServer, vkey } from './support.ts'

const schemas = resolve(import.meta.dirname, '../../../../schemas/output')
const ajv = new Ajv2020.default({ allErrors: true, strict: true, allowUnionTypes: true })
for (const name of readdirSync(schemas)) ajv.addSchema(JSON.parse(readFileSync(join(schemas, name), 'utf8')) as object)
const schemaOf: Readonly<Record<string, string>> = { LogVerification: 'log-verification', LogEntries: 'log-entries', ReceiptCheck: 'receipt-check', Problems: 'problems' }

const cwd = temporaryFolder()
const witness = testKey(30, 'witness.example/w', 'cosignature/v1')
const honest = filesOf(testLog(700))
honest.set('checkpoint', checkpointOf(testLog(700), 700, [witness], 1_799_000_000))
let files: ReadonlyMap<string, Uint8Array> = honest
let server: TestServer

beforeAll(async () => {
  server = await serve(filesHandler(() => files))
  await exeat({ cwd }, 'log', 'prove', '5', '--log', server.url, '--key', vkey(), '-o', 'receipt')
})
afterAll(async () => {
  await server.close()
  removeFolder(cwd)
})

const edited = new Map(honest).set('tile/entries/000', honest.get('tile/entries/001') ?? Buffer.alloc(0))
const notJson = filesOf({ ...testLog(0), entries: [Buffer.from('not JSON')] })
const missing = new Map([...honest].filter(([path]) => path !== 'checkpoint'))

test.for([
  ['verify', honest, [], 0, 'LogVerification'], ['verify', honest, ['--witness', vkey(witness), '--quick'], 0, 'LogVerification'], ['verify', edited, [], 2, 'LogVerification'],
  ['verify', filesOf(testLog(3)), [], 2, 'LogVerification'], ['verify', filesOf(testLog(800, { salt: 'x' })), [], 2, 'LogVerification'],
  ['verify', filesOf(testLog(800, { seed: 3 })), [], 2, 'LogVerification'], ['verify', missing, [], 1, 'Problems'], ['verify', honest, ['--full', '--quick'], 64, 'Problems'],
  ['show', honest, [], 0, 'LogEntries'], ['show', notJson, [], 0, 'LogEntries'], ['show', edited, ['--from', '0'], 2, 'Problems'],
] as const)('exeat log %s, %#', async ([command, served, more, exit, kind]) => {
  files = served
  const ran = await exeat({ cwd }, 'log', command, '--log', server.url, '--key', vkey(), '--format', 'json', ...more)
  expect([ran.exit, check(ran.stdout)]).toEqual([exit, kind])
})

test.for([['receipt', vkey(), 0, 'ReceiptCheck'], ['receipt', vkey(testKey(2)), 2, 'Problems'], ['missing', vkey(), 3, 'Problems']] as const)('exeat log check %s', async ([file, key, exit, kind]) => {
  const ran = await exeat({ cwd }, 'log', 'check', file, '--key', key, '--format', 'json')
  expect([ran.exit, check(ran.stdout)]).toEqual([exit, kind])
})

/** The output's kind, once its schema has accepted it. */
function check(text: string): string {
  const value = JSON.parse(text) as { readonly kind: string }
  const validate = ajv.getSchema(`https://exeat.dev/schemas/output/${schemaOf[value.kind]}.v1.json`)
  if (validate === undefined) throw new Error(`no schema for ${value.kind}`)
  expect(validate(value), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true)
  return value.kind
}
