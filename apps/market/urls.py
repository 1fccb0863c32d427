from rest_framework.routers import SimpleRouter

from apps.market.views import DatasetViewSet, InstrumentViewSet

router = SimpleRouter()
router.register("instruments", InstrumentViewSet, basename="instrument")
router.register("datasets", DatasetViewSet, basename="dataset")
urlpatterns = router.urls
