/** A witness that is killed when it has remembered a head and is about to sign it: `node killed-child.ts <state folder>`. */
import { must } from '../../../testkit/src/log-store-kit.ts'
import { createWitness, openWitnessState } from '../../src/witness/index.ts'
import { growth, witnessOptions } from './kit.ts'

const state = must(openWitnessState(process.argv[2] ?? ''))
const witness = createWitness(witnessOptions(state, {
  sign: () => {
    process.kill(process.pid, 'SIGKILL')
    return new Uint8Array(64)
  },
}))
witness.addCheckpoint(growth(0, 6))
process.stdout.write('not killed')
