import { sqlite } from '../sqlite-kind.ts'
import { faultSuite } from './fault-suite.ts'
import { raceSuite } from './race-suite.ts'

raceSuite(sqlite)
faultSuite(sqlite)
