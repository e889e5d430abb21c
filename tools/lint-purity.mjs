/** Lint rule of our own: nothing in a pure package may depend on the machine's locale. */
const localeMethods = /^(?:localeCompare|toLocale\w*)$/

const noLocale = {
  meta: { type: 'problem', docs: { description: 'forbid locale-dependent methods' } },
  create: (context) => ({
    MemberExpression(node) {
      const name = node.computed ? node.property.value : node.property.name
      if (typeof name === 'string' && localeMethods.test(name)) {
        context.report({ node, message: `\`${name}\` depends on the machine's locale: compare by code unit` })
      }
    },
  }),
}

export default { meta: { name: 'purity' }, rules: { 'no-locale': noLocale } }
