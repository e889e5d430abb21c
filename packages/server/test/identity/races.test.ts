import { sqlite } from '../sqlite-kind.ts'
import { tapRaces } from './race-suite.ts'

tapRaces(sqlite)
