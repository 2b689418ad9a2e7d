export default { nothing: 'of the kind' }
