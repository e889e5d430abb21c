/** What goes to the child on its standard input, and what it answers. Reports are handed over open: the child opens no file. */
import { readSync, writeSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { ExeatError } from '@exeat/core/error'
import type { ByteSource } from '@exeat/formats'
import type { Files } from '@exeat/git/files'
import { cliProblem } from '../edge/problem.ts'
import type { Answer } from './answer.ts'
import type { SimulateQuestion } from './question.ts'

interface WrittenFiles {
  readonly documents: readonly { readonly path: string; readonly base64: string }[]
  readonly impacts: readonly { readonly path: string; readonly base64: string }[]
  readonly ignored: readonly string[]
}

interface Written extends Omit<SimulateQuestion, 'base' | 'head'> {
  readonly base: WrittenFiles
  readonly head?: WrittenFiles
  readonly reports: readonly { readonly name: string; readonly size: number }[]
}

export type ChildAnswer =
  | { readonly ok: true; readonly simulation: Answer & { readonly isolated: boolean }; readonly native?: unknown }
  | { readonly ok: false; readonly problems: readonly unknown[] }

/** The first descriptor of a report in the child. */
export const firstHandle = 3

export function writeQuestion({ base, head, ...rest }: SimulateQuestion, reports: readonly ByteSource[]): string {
  const written: Written = {
    ...rest, base: filesOut(base), ...(head === undefined ? {} : { head: filesOut(head) }),
    reports: reports.map(({ name, size }) => ({ name, size })),
  }
  return JSON.stringify(written)
}

const filesOut = ({ documents, impacts, ignored }: Files): WrittenFiles => {
  const out = (files: Files['documents']): WrittenFiles['documents'] => files.map(({ path, bytes }) => ({ path, base64: Buffer.from(bytes).toString('base64') }))
  return { documents: out(documents), impacts: out(impacts), ignored }
}

const filesIn = ({ documents, impacts, ignored }: WrittenFiles): Files => {
  const read = (files: WrittenFiles['documents']): Files['documents'] => files.map(({ path, base64 }) => ({ path, bytes: Buffer.from(base64, 'base64') }))
  return { documents: read(documents), impacts: read(impacts), ignored }
}

/** The child's whole life: reads the question, answers, and writes nothing else. */
export async function answerAsChild(): Promise<void> {
  const { base, head, reports, ...question } = JSON.parse(readAll(0)) as Written
  const { answerSimulation } = await import('./answer.ts')
  let answer: ChildAnswer
  try {
    const { simulation, ...native } = answerSimulation({ ...question, base: filesIn(base), ...(head === undefined ? {} : { head: filesIn(head) }), reports: reports.map(sourceAt) })
    answer = { ok: true, simulation: { ...simulation, isolated: isIsolated() }, ...native }
  } catch (error) {
    // What ran out of memory is told by how the child ends.
    if (error instanceof RangeError) throw error
    answer = { ok: false, problems: error instanceof ExeatError ? error.problems : [cliProblem('INTERNAL', `something unexpected failed: \`${String(error).slice(0, 500)}\``, 'report it')] }
  }
  writeAll(1, Buffer.from(JSON.stringify(answer)))
}

/** No interface but a loopback that is down, and no environment. */
const isIsolated = (): boolean => Object.keys(networkInterfaces()).length === 0 && Object.keys(process.env).length === 0

const sourceAt = ({ name, size }: Written['reports'][number], index: number): ByteSource => ({
  name, size,
  read(into, position) {
    let filled = 0
    while (filled < into.length) {
      const count = readSync(firstHandle + index, into, filled, into.length - filled, position + filled)
      if (count === 0) break
      filled += count
    }
    return filled
  },
})

function readAll(handle: number): string {
  const pieces: Buffer[] = []
  for (;;) {
    const piece = Buffer.alloc(256 * 1024)
    const count = readSync(handle, piece, 0, piece.length, null)
    if (count === 0) return Buffer.concat(pieces).toString('utf8')
    pieces.push(piece.subarray(0, count))
  }
}

function writeAll(handle: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at)
}
