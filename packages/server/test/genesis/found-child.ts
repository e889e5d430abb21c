/** Founds a server: `node found-child.ts <data> <repository> <head>`. Says so before it begins. */
import { writeSync } from 'node:fs'
import { foundServer } from '../../src/genesis/found.ts'

const [data = '', repository = '', head = ''] = process.argv.slice(2)
writeSync(1, 'begins\n')
await foundServer({ data, origin: 'log.acme.example', repository, ref: 'main', founders: ['alice', 'bob'], database: 'sqlite', head, now: Date.now })
