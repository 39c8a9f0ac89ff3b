// Starts the components of the design system; without it every page still works.
document.body.classList.add("js-enabled", "nhsuk-frontend-supported");
const { initAll } = await import(document.querySelector('meta[name="oi-components"]').content);
initAll();
