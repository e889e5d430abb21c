/** Readers of whole files: ignore files, baselines, configurations, exemptions and pipelines, chosen by name, or by what any YAML file may hold. */
import type { Found } from '../types.ts'

export type FileReader = (text: string, path: string) => readonly Found[]

/** Undefined: nothing but its comments is looked at. */
export function fileReader(_path: string, _text: string): FileReader | undefined {
  return undefined
}
