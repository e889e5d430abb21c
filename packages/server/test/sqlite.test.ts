import { logStoreSuite } from '../../testkit/src/log-store-suite.ts'
import { sqlite } from './sqlite-kind.ts'

logStoreSuite(sqlite)
