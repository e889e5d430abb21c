import type { Simulation } from '@exeat/core/impact'
import type { Io } from '../edge/io.ts'
import { type Input, inputNames, openInput } from '../gate/inputs.ts'
import { answerSimulation } from './answer.ts'
import type { SimulateQuestion } from './question.ts'

/** @throws {ExeatError} what the reports, the documents or the names get wrong */
export async function runSimulation(question: SimulateQuestion, names: readonly string[], io: Io): Promise<Simulation> {
  const reports: Input[] = []
  try {
    for (const name of inputNames(names, io)) reports.push(openInput(name, io))
    return { ...answerSimulation({ ...question, reports }), isolated: false }
  } finally {
    for (const report of reports) report.close()
  }
}
