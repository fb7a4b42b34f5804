(function () {
  "use strict";
  var rows = Array.prototype.slice.call(document.querySelectorAll("#placements tbody tr"));
  var map = document.querySelector(".map");
  var flows = Array.prototype.slice.call(document.querySelectorAll(".flow"));
  var field = document.getElementById("filter");
  var shown = document.getElementById("shown");
  var region = "";
  function apply() {
    var word = field.value.trim().toLowerCase(), count = 0;
    rows.forEach(function (row) {
      var fits = (!region || row.dataset.host === region || row.dataset.home === region) && (!word || row.textContent.toLowerCase().indexOf(word) >= 0);
      row.hidden = !fits;
      count += fits ? 1 : 0;
    });
    flows.forEach(function (flow) {
      flow.classList.toggle("picked", !!region && (flow.dataset.host === region || flow.dataset.home === region));
    });
    map.classList.toggle("picking", !!region);
    shown.textContent = region || word ? count + " / " + rows.length : "";
  }
  function pick(event) {
    var id = event.target.dataset.region;
    if (!id || (event.type === "keydown" && event.key !== "Enter" && event.key !== " ")) { return; }
    event.preventDefault();
    region = region === id ? "" : id;
    apply();
  }
  map.addEventListener("click", pick);
  map.addEventListener("keydown", pick);
  field.addEventListener("input", apply);
  document.getElementById("clear").addEventListener("click", function () { field.value = ""; region = ""; apply(); });
}());
