package simulate

// category is a kind of merchant and how people spend there.
type category struct {
	name     string
	nouns    [4]string
	inPerson float64 // weight among purchases in person; 0 = none
	online   float64 // weight among purchases online; 0 = none
	median   float64 // of the amounts, in major units
	sigma    float64 // of the amounts' logarithm
	ending   ending
	gifts    bool // amounts grow before the holidays
	big      bool // large one-off purchases happen here
}

// The indexes of the categories that code names.
const (
	catGroceries = iota
	catRestaurants
	catCoffee
	catFuel
	catTransit
	catVending
	catPharmacy
	catClothing
	catElectronics
	catHome
	catEntertainment
	catJewelry
	catGiftCards
	catMarketplace
	catDigital
	catDelivery
	catTravel
	catTransfer
	catUtilities
	catATM
	categoryCount
)

var categories = [categoryCount]category{
	catGroceries: {name: "Groceries", nouns: [4]string{"Grocery", "Market", "Foods", "Pantry"},
		inPerson: 26, median: 34, sigma: 0.65},
	catRestaurants: {name: "Restaurants", nouns: [4]string{"Kitchen", "Grill", "Diner", "Noodle House"},
		inPerson: 20, median: 23, sigma: 0.6, ending: endRound},
	catCoffee: {name: "Coffee", nouns: [4]string{"Coffee", "Roasters", "Espresso Bar", "Bakery"},
		inPerson: 13, median: 5.9, sigma: 0.35, ending: endQuarter},
	catFuel: {name: "Fuel", nouns: [4]string{"Fuel", "Gas & Go", "Filling Station", "Service Station"},
		inPerson: 12, median: 41, sigma: 0.35},
	catTransit: {name: "Transit", nouns: [4]string{"Transit", "Metro", "Bus Lines", "Light Rail"},
		inPerson: 6, median: 2.75, sigma: 0.15, ending: endQuarter},
	catVending: {name: "Vending", nouns: [4]string{"Vending", "Parking", "Laundromat", "Car Wash"},
		inPerson: 4, median: 2.2, sigma: 0.4, ending: endQuarter},
	catPharmacy: {name: "Pharmacy", nouns: [4]string{"Pharmacy", "Drugstore", "Apothecary", "Health Shop"},
		inPerson: 6, median: 17, sigma: 0.75},
	catClothing: {name: "Clothing", nouns: [4]string{"Outfitters", "Clothing", "Apparel", "Shoes"},
		inPerson: 4, online: 9, median: 49, sigma: 0.7, ending: endNine, gifts: true, big: true},
	catElectronics: {name: "Electronics", nouns: [4]string{"Electronics", "Audio & Video", "Computers", "Cameras"},
		inPerson: 1.6, online: 5, median: 95, sigma: 0.95, ending: endNine, gifts: true, big: true},
	catHome: {name: "Home", nouns: [4]string{"Hardware", "Furniture", "Garden Center", "Housewares"},
		inPerson: 4, online: 4, median: 58, sigma: 0.9, ending: endNine, gifts: true, big: true},
	catEntertainment: {name: "Entertainment", nouns: [4]string{"Cinema", "Theater", "Bowling", "Tickets"},
		inPerson: 4, online: 4, median: 27, sigma: 0.55, ending: endRound},
	catJewelry: {name: "Jewelry", nouns: [4]string{"Jewelers", "Watches", "Goldsmiths", "Gems"},
		inPerson: 0.4, online: 0.8, median: 210, sigma: 0.9, ending: endNine, gifts: true, big: true},
	catGiftCards: {name: "Gift Cards", nouns: [4]string{"Gift Cards", "Prepaid", "Vouchers", "Gift Shop"},
		inPerson: 0.6, online: 2, median: 50, sigma: 0.6, ending: endTens, gifts: true},
	catMarketplace: {name: "Marketplace", nouns: [4]string{"Marketplace", "Bazaar", "Trading Post", "Emporium"},
		online: 34, median: 31, sigma: 0.85, ending: endNine, gifts: true, big: true},
	catDigital: {name: "Digital", nouns: [4]string{"Games", "Streaming", "Apps", "Music"},
		online: 19, median: 7, sigma: 0.75, ending: endPoint},
	catDelivery: {name: "Food Delivery", nouns: [4]string{"Delivery", "Meals", "Takeout", "Pizza to Go"},
		online: 12, median: 29, sigma: 0.45},
	catTravel: {name: "Travel", nouns: [4]string{"Airways", "Hotels", "Travel", "Car Rental"},
		online: 3.5, median: 260, sigma: 0.75, big: true},
	catTransfer: {name: "Money Transfer", nouns: [4]string{"Money Transfer", "Remittance", "Exchange", "Pay"},
		online: 2.5, median: 90, sigma: 0.8, ending: endTens},
	catUtilities: {name: "Utilities", nouns: [4]string{"Power & Light", "Water", "Telecom", "Insurance"},
		online: 2, median: 82, sigma: 0.4},
	catATM: {name: "ATM", nouns: [4]string{"Savings Bank ATM", "Credit Union ATM", "Cash Machine", "Trust ATM"}},
}

// nameHeads are the first halves of merchants' names.
var nameHeads = [...]string{
	"Harbor Street", "Old Mill", "Willow Creek", "Lantern", "Junco", "Northgate", "Bramble", "Saltmarsh", "Foxglove",
	"Tidewater", "Quarry Lane", "Pinecrest", "Copperfield", "Hollow Oak", "Riverbend", "Stonebridge", "Larkspur",
	"Meadowlark", "Ironwood", "Seven Gables", "Blackthorn", "Cedar Row", "Windmill Hill", "Marigold", "Thistle",
	"Dovetail", "Eastfield", "Granary", "Heron Point", "Ivy Gate", "Kestrel", "Linden Square", "Mossy Bank",
	"Nightingale", "Orchard Park", "Peregrine", "Quince & Vine", "Rosewater", "Silver Birch", "Tamarack", "Union Yard",
	"Vesper", "Wheelwright", "Yarrow", "Ashgrove", "Bellflower", "Candlewick", "Driftwood", "Elderberry", "Fernhill",
	"Gatehouse", "Hazel Court", "Island Pier", "Jackdaw", "Kittiwake", "Lower Wharf", "Millrace", "Nettle", "Overlook",
	"Plum Alley",
}
