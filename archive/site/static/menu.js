/* The menus that Datasette's table.js makes, in the language of the page. */
(() => {
  const words = document.getElementById("menu").dataset;
  const name = (each) => each.className.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
  for (const each of document.querySelectorAll(".dropdown-menu a")) {
    each.textContent = words[name(each)] || each.textContent;
  }
  for (const each of document.querySelectorAll(".filter-row > a")) {
    each.setAttribute("aria-label", words.filter);
  }
})();
