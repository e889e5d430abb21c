export { type BundleDependencies, bundleMaker } from './make.ts'
