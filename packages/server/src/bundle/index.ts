export { type BundleDependencies, bundleMaker, saidBy } from './make.ts'
