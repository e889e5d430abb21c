export { yamlCodes } from './codes.ts'
export type { YamlCode } from './codes.ts'
export { readDocuments } from './read.ts'
export type { ReadDocuments, ReadDocumentsOptions } from './read.ts'
