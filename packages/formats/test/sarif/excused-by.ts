import type { ExcusedBy, Instant } from '@exeat/core'

export const excusedBy: ExcusedBy = {
  name: 'log4j', uid: 'a'.repeat(64), until: 1_795_507_200_000 as Instant, category: 'waiver', reason: 'why "so"', owner: 'a@b.example', ticket: 'INC-1', evidence: 'none',
  origin: { file: '.exeat/log4j.yaml', line: 3, column: 1 },
}
